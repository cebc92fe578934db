-- Words of a file by length, errors that are caught, coroutines, and what comes on standard input.
local path, limit = ...
local file = assert(io.open(path, "r"))
local lengths = {}
for line in file:lines() do
  for word in line:gmatch("%a+") do
    lengths[#word] = (lengths[#word] or 0) + 1
  end
end
file:close()
local keys = {}
for length in pairs(lengths) do keys[#keys + 1] = length end
table.sort(keys, function(a, b) return a > b end)
for _, length in ipairs(keys) do print(("%2d %s"):format(length, ("*"):rep(lengths[length]))) end

local function squares(n)
  return coroutine.wrap(function() for i = 1, n do coroutine.yield(i * i) end end)
end
local sum = 0
for square in squares(tonumber(limit)) do sum = sum + square end
print("sum", sum, sum // 7, sum % 7, 1 << 40)

local ok, message = pcall(function() return nil + 1 end)
print(ok, (message:gsub("^.-: ", "")))
print(pcall(error, { code = 3 }) == false, select("#", pcall(error)))
local protected = setmetatable({}, { __index = function(_, key) error("no " .. key, 0) end })
print(xpcall(function() return protected.field end, function(m) return "handled: " .. m end))
print((io.read("n") or 0) + (io.read("n") or 0), io.read("a"))
return 7
