#version 330
// From radiance to an image: sky in the background, ambient occlusion (after Mittring 2007,
// "Finding next gen", §8.5), exposure, film curve (after Narkowicz 2015), vignette.
in vec2 place;

uniform sampler2D light;
uniform sampler2D depth;
uniform vec4 frustum;      // tan of half the view across and up; near, far, in metres
uniform mat4 to_world;     // camera (right, up, back) to world
uniform float exposure;
uniform int probes;        // per pixel, of the ambient occlusion

#include_sky

out vec4 fragment;

float metres(vec2 at) {
    float z = texture(depth, at).r * 2.0 - 1.0;
    return 2.0 * frustum.z * frustum.w / (frustum.w + frustum.z - z * (frustum.w - frustum.z));
}

vec3 position(vec2 at) {
    float z = metres(at);
    return vec3((at * 2.0 - 1.0) * frustum.xy * z, -z);
}

float openness(vec3 here, vec3 n) {
    float angle = hash(gl_FragCoord.xy) * 6.2832;
    float hidden = 0.0;
    for (int i = 0; i < probes; ++i) {
        float reach = 0.9 * pow((float(i) + 0.5) / float(probes), 1.4);
        angle += 2.39996;
        float lift = hash(gl_FragCoord.yx + float(i) * 3.1);
        vec3 ray = vec3(cos(angle) * sqrt(1.0 - lift * lift), sin(angle) * sqrt(1.0 - lift * lift), lift);
        if (dot(ray, n) < 0.0) ray = -ray;
        vec3 probe = here + n * 0.03 + ray * reach;
        vec2 at = probe.xy / (-probe.z * frustum.xy) * 0.5 + 0.5;
        float found = metres(at);
        float gap = -probe.z - found;
        if (gap > 0.02 && gap < 1.2) hidden += 1.0;
    }
    return 1.0 - hidden / float(probes);
}

vec3 film(vec3 x) {
    return x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14);
}

void main() {
    vec3 here = position(place);
    vec3 color = texture(light, place).rgb;
    if (-here.z > 0.98 * frustum.w) {
        color = sky(normalize(mat3(to_world) * vec3((place * 2.0 - 1.0) * frustum.xy, -1.0)));
    } else {
        vec3 n = normalize(cross(dFdx(here), dFdy(here)));
        float open = openness(here, n);
        color *= mix(1.0, 0.25 + 0.75 * open, exp(here.z * 0.02));
    }
    vec2 off = place - 0.5;
    color *= exposure * (1.0 - 0.55 * dot(off, off));
    color = film(color);
    fragment = vec4(pow(clamp(color, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
}
