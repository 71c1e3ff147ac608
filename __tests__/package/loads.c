/* Loads a native addon as Node does, with whatever C library this runs on, and says which one that is. */
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdio.h>

int main(int count, char **arguments) {
  void *addon = count > 1 ? dlopen(arguments[1], RTLD_NOW) : NULL;
  printf("glibc %s: %s\n", gnu_get_libc_version(), addon ? "loaded" : dlerror());
  return addon != NULL && dlsym(addon, "napi_register_module_v1") != NULL ? 0 : 1;
}
