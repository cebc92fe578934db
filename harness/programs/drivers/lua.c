// lua SCRIPT ARGUMENT...: runs a script. Errors in it are C's longjmp, so exceptions in the module.
#include "lauxlib.h"
#include "lualib.h"
#include <stdio.h>

static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},        {LUA_TABLIBNAME, luaopen_table},
                                     {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},
                                     {LUA_UTF8LIBNAME, luaopen_utf8},  {LUA_COLIBNAME, luaopen_coroutine},
                                     {LUA_IOLIBNAME, luaopen_io},      {NULL, NULL}};

// As `lua -W` has it: hash seeds are no matter of addresses.
int main(int argc, char **argv) {
  lua_State *L = luaL_newstate();
  for (const luaL_Reg *library = libraries; library->func; library++)
    luaL_requiref(L, library->name, library->func, 1);
  lua_settop(L, 0);
  if (argc < 2 || luaL_loadfile(L, argv[1])) {
    fprintf(stderr, "lua: %s\n", argc < 2 ? "no script" : lua_tostring(L, -1));
    return 2;
  }
  for (int i = 2; i < argc; i++)
    lua_pushstring(L, argv[i]);
  if (lua_pcall(L, argc - 2, 1, 0)) {
    fprintf(stderr, "lua: %s\n", lua_tostring(L, -1));
    return 1;
  }
  int code = lua_tointeger(L, -1);
  lua_close(L);
  return code;
}
