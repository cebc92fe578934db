// nlohmann/json: documents with and without mistakes, which it tells by C++ exceptions.
#include "export.h"
#define JSON_NO_IO
#include <nlohmann/json.hpp>

extern "C" {
BUFFER(512);

static uint32_t hash(const std::string &text) {
  uint32_t sum = 2166136261u;
  for (unsigned char byte : text)
    sum = (sum ^ byte) * 16777619u;
  return sum;
}

static nlohmann::json document;

// The hash of the document in the buffer, written again; or the number of the library's exception.
uint32_t EXPORT(parse)(uint32_t length) {
  try {
    document = nlohmann::json::parse((char *)buffer, (char *)buffer + length);
    return hash(document.dump());
  } catch (const nlohmann::json::exception &error) {
    return error.id;
  }
}

// A member as a number; the exceptions of the library, and its base class's, are told apart.
int32_t EXPORT(member)(uint32_t index) {
  try {
    return document.at(index).get<int>();
  } catch (const nlohmann::json::out_of_range &error) {
    return -error.id;
  } catch (const std::exception &error) {
    return -1;
  }
}
}
