#version 330
in vec4 p3d_Vertex;
out vec2 place; // 0–1 over the image

void main() {
    place = p3d_Vertex.xz * 0.5 + 0.5;
    gl_Position = vec4(p3d_Vertex.xz, 0.0, 1.0);
}
