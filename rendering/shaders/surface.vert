#version 330
// Every surface; its geometry is given in world coordinates.
in vec4 p3d_Vertex;
in vec3 p3d_Normal;
in vec2 p3d_MultiTexCoord0;
in vec3 surface; // texture layer, gloss, glow
in vec3 tint;

uniform mat4 p3d_ModelViewProjectionMatrix;

out vec3 world;
out vec3 normal;
out vec2 uv;
out vec3 kind;
out vec3 paint;

void main() {
    gl_Position = p3d_ModelViewProjectionMatrix * p3d_Vertex;
    world = p3d_Vertex.xyz;
    normal = p3d_Normal;
    uv = p3d_MultiTexCoord0;
    kind = surface;
    paint = tint;
}
