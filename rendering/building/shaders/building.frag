#version 330
// A surface indoors. Its tint already contains the light at its vertices; a glossy surface is
// transparent, because the mirrored building is below it.
in vec3 world;
in vec3 normal;
in vec2 uv;
in vec3 kind;
in vec3 paint;

uniform sampler2DArray textures;
uniform vec3 eye;

out vec4 fragment;

void main() {
    vec4 texel = texture(textures, vec3(uv, kind.x), -0.5);
    if (texel.a < 0.5) discard;
    vec3 color = pow(texel.rgb, vec3(2.2)) * pow(paint, vec3(2.2));
    float slant = abs(dot(normalize(world - eye), normalize(normal)));
    float mirrored = kind.y * (0.25 + 0.75 * pow(1.0 - slant, 3.0));
    fragment = vec4(color, 1.0 - mirrored);
}
