(module
  (type $super (sub (func)))
  (type $sub (sub $super (func)))
  (func (export "f") (type $sub)))
