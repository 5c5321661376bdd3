// The sky as a function of direction: gradient, sun, drifting clouds.
uniform vec3 sun;        // unit vector towards it
uniform vec3 sun_light;
uniform vec3 zenith;
uniform vec3 horizon;
uniform vec3 clouds;     // drift in x and y; threshold of the noise

float hash(vec2 p) { return fract(sin(dot(p, vec2(127.1, 311.7))) * 43758.5453); }

float value_noise(vec2 p) {
    vec2 i = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(hash(i), hash(i + vec2(1, 0)), f.x),
               mix(hash(i + vec2(0, 1)), hash(i + vec2(1, 1)), f.x), f.y);
}

float cloud_cover(vec2 p) {
    float sum = 0.0, weight = 0.5;
    for (int i = 0; i < 5; ++i) {
        sum += weight * value_noise(p);
        p = p * 2.03 + vec2(17.0, 9.0);
        weight *= 0.5;
    }
    return smoothstep(clouds.z, clouds.z + 0.25, sum);
}

vec3 sky(vec3 ray) {
    float up = max(ray.z, 0.0);
    vec3 color = mix(horizon, zenith, 1.0 - pow(1.0 - up, 3.0));
    float toward = max(dot(ray, sun), 0.0);
    color += sun_light * (0.10 * pow(toward, 8.0) + 0.35 * pow(toward, 90.0));
    float cover = cloud_cover(ray.xy / (up + 0.12) * 0.9 + clouds.xy) * smoothstep(0.02, 0.22, up);
    vec3 cloud = mix(horizon * 1.05, sun_light * 0.5 + zenith * 0.2, 0.55 + 0.45 * toward);
    return mix(color, cloud, cover * 0.85);
}
