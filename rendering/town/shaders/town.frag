#version 330
in vec3 world;
in vec3 normal;
in vec2 uv;
in vec3 kind;
in vec3 paint;

uniform sampler2DArray textures;
uniform sampler2D shadow_map;
uniform mat4 to_shadow;    // world to the sun's clip space
uniform vec3 eye;
uniform vec3 ambient_sky;
uniform vec3 ambient_ground;
uniform float evening;     // 0 noon … 1 lamps are lit
uniform float fog;         // per metre

#include_sky

out vec4 fragment;

float lit(vec3 n) {
    vec4 clip = to_shadow * vec4(world + n * 0.05, 1.0);
    vec3 at = clip.xyz * 0.5 + 0.5;
    float texel = 1.0 / float(textureSize(shadow_map, 0).x);
    float sum = 0.0;
    for (int i = -2; i <= 2; ++i)
        for (int j = -2; j <= 2; ++j)
            sum += step(at.z - 0.0006, texture(shadow_map, at.xy + vec2(i, j) * texel * 1.2).r);
    return sum / 25.0;
}

void main() {
    vec4 texel = texture(textures, vec3(uv, kind.x), -0.5);
    if (texel.a < 0.5) discard;
    vec3 albedo = pow(texel.rgb, vec3(2.2)) * pow(paint, vec3(2.2));
    vec3 view = normalize(world - eye);
    vec3 n = normalize(normal);
    if (dot(n, view) > 0.25) n = -n;

    float direct = max(dot(n, sun), 0.0) * lit(n);
    vec3 ambient = mix(ambient_ground, ambient_sky, 0.5 + 0.5 * n.z);
    vec3 color = albedo * (sun_light * direct + ambient);

    if (kind.y > 0.0) {
        vec3 mirrored = reflect(view, n);
        float grazing = pow(1.0 - max(dot(-view, n), 0.0), 5.0);
        float share = kind.y * (0.06 + 0.7 * grazing);
        // Low reflections hit the houses across the street, not the sky.
        vec3 around = mix(ambient_ground * 0.6, sky(normalize(vec3(mirrored.xy, abs(mirrored.z)))),
                          smoothstep(0.15, 0.5, mirrored.z));
        color = mix(color, around, share);
        color += sun_light * kind.y * lit(n) * pow(max(dot(mirrored, sun), 0.0), 60.0);
    }
    color += kind.z * evening * (albedo * vec3(1.7, 1.15, 0.6) + vec3(0.10, 0.06, 0.02));

    float distance = length(world - eye);
    vec3 haze = mix(horizon, sun_light * 0.4 + horizon * 0.6, pow(max(dot(view, sun), 0.0), 6.0) * 0.6);
    color = mix(haze, color, exp(-distance * fog));
    fragment = vec4(color, 1.0);
}
