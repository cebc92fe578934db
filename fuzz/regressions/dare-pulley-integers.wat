;; So many values that the code keeps some in registers that an event changes.
(module
  (func (export "f") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
    call $g
    local.get 0
    local.get 1
    i64.add
    local.get 2
    i64.add
    local.get 3
    i64.add
    local.get 4
    i64.add
    local.get 5
    i64.add
    local.get 6
    i64.add
    local.get 7
    i64.add
    local.get 8
    i64.add
    local.get 9
    i64.add
    local.get 10
    i64.add
    local.get 11
    i64.add)
  (func $g (export "g")))
