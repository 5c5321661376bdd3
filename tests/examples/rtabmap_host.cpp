// Calls the scripts of examples/rtabmap as RTAB-Map does: the same C API, types and checks as its PyDescriptor.cpp and
// PyDetector.cpp (introlab/rtabmap, corelib/src/python). Reads a PGM or PPM image (P5, P6; RGB is taken as BGR).
//   rtabmap_host FOLDER MODULE FUNCTION IMAGE → the arrays: type, shape, and the numbers of the first row

#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_API_VERSION
#include <numpy/arrayobject.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

static int fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  PyErr_Print();
  return 1;
}

static void print(PyObject* object) {
  auto* array = reinterpret_cast<PyArrayObject*>(object);
  const int rows = static_cast<int>(PyArray_SHAPE(array)[0]), columns = static_cast<int>(PyArray_SHAPE(array)[1]);
  std::printf("%s %d %d", PyArray_TYPE(array) == NPY_FLOAT ? "float" : "other", rows, columns);
  const auto* numbers = reinterpret_cast<float*>(PyArray_DATA(array));  // as a C array, whatever the strides
  for (int column = 0; rows && column < columns; ++column) std::printf(" %.9g", numbers[column]);
  std::printf("\n");
}

int main(int, char** argv) {
  std::ifstream file(argv[4], std::ios::binary);
  std::string magic;
  npy_intp width = 0, height = 0, most = 0;
  file >> magic >> width >> height >> most;
  file.get();
  const npy_intp channels = magic == "P6" ? 3 : 1;
  std::vector<char> pixels(static_cast<size_t>(width * height * channels));
  file.read(pixels.data(), static_cast<std::streamsize>(pixels.size()));

  Py_Initialize();
  PyRun_SimpleString(("import sys\nsys.path.append(\"" + std::string(argv[1]) + "\")").c_str());
  if (_import_array() < 0) return fail("numpy");
  PyObject* module = PyImport_Import(PyUnicode_FromString(argv[2]));
  if (!module) return fail("import");
  PyObject* init = PyObject_GetAttrString(module, "init");
  if (!init || !PyObject_CallFunction(init, "i", 1)) return fail("init");
  PyObject* function = PyObject_GetAttrString(module, argv[3]);
  if (!function) return fail("function");

  npy_intp size[3] = {height, width, channels};
  const bool descriptor = std::string(argv[3]) == "extract";  // NPY_BYTE, which is signed, and three dimensions
  PyObject* image = PyArray_SimpleNewFromData(descriptor ? 3 : 2, size, descriptor ? NPY_BYTE : NPY_UBYTE, pixels.data());
  PyObject* result = PyObject_CallFunctionObjArgs(function, image, nullptr);
  if (!result) return fail("call");
  if (descriptor) {
    print(result);
  } else {
    if (!PyTuple_Check(result) || PyTuple_GET_SIZE(result) != 2) return fail("expected a tuple of two");
    print(PyTuple_GET_ITEM(result, 0));
    print(PyTuple_GET_ITEM(result, 1));
  }
  return 0;
}
