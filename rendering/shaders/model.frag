#version 330
// Sun, sky, a lamp beside the camera in the dark; haze; film curve (after Narkowicz 2015).
in vec3 world;
in vec4 paint;
in vec2 uv;

uniform sampler2D p3d_Texture0;
uniform vec4 p3d_ColorScale;
uniform struct { vec4 diffuse; } p3d_Material;
uniform vec3 eye;
uniform vec3 sun;          // unit vector towards it
uniform vec3 sun_light;
uniform vec3 ambient_sky;
uniform vec3 ambient_ground;
uniform vec3 horizon;
uniform float evening;     // 0 noon … 1 the lamp is lit
uniform float exposure;
uniform float fog;         // per metre

out vec4 fragment;

vec3 film(vec3 x) {
    return x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14);
}

void main() {
    vec4 surface = texture(p3d_Texture0, uv) * paint * p3d_ColorScale * p3d_Material.diffuse;
    if (surface.a < 0.5) discard;
    vec3 albedo = pow(surface.rgb, vec3(2.2));
    vec3 view = world - eye;
    float distance = length(view);
    view /= max(distance, 1e-6);
    vec3 n = normalize(cross(dFdx(world), dFdy(world)));
    if (dot(n, view) > 0.0) n = -n;

    vec3 light = sun_light * max(dot(n, sun), 0.0) + mix(ambient_ground, ambient_sky, 0.5 + 0.5 * n.z);
    light += evening * vec3(1.2, 1.0, 0.75) * max(dot(n, -view), 0.0) / (1.0 + 0.04 * distance * distance);
    vec3 color = mix(horizon, albedo * light, exp(-distance * fog));
    fragment = vec4(pow(clamp(film(color * exposure), 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
}
