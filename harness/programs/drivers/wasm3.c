// wasm3, an interpreter of WebAssembly whose operations end in tail calls: with them in WebAssembly, in turn.
#include "export.h"
#include "m3_env.h"

BUFFER(1024);

// Runs the export `name` of the module in the buffer, with one i32; the value that it gives, or -1.
static int32_t run(uint32_t length, const char *name, const char *argument) {
  IM3Environment environment = m3_NewEnvironment();
  IM3Runtime runtime = m3_NewRuntime(environment, 8192, NULL);
  IM3Module module;
  IM3Function function;
  int32_t came = -1;
  if (m3_ParseModule(environment, &module, buffer, length) || m3_LoadModule(runtime, module))
    return -2;
  const char *arguments[] = {argument, NULL};
  M3Result result = m3_FindFunction(&function, runtime, name);
  if (!result)
    result = m3_CallWithArgs(function, 1, arguments);
  if (!result)
    came = *(int32_t *)runtime->stack;
  m3_FreeRuntime(runtime);
  m3_FreeEnvironment(environment);
  return came;
}

int32_t EXPORT(fib)(uint32_t length, uint32_t of) {
  char text[12];
  int at = sizeof text - 1;
  text[at] = 0;
  do
    text[--at] = '0' + of % 10;
  while (of /= 10);
  return run(length, "fib", text + at);
}
