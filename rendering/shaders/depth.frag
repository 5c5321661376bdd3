#version 330
// Only depth; transparent texels are discarded.
in vec2 uv;
in vec3 kind;
uniform sampler2DArray textures;

void main() {
    if (texture(textures, vec3(uv, kind.x)).a < 0.5) discard;
}
