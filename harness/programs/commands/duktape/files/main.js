// Closures, a regular expression, exceptions, JSON, and standard input.
function Counter(step) {
  var value = 0;
  this.next = function () { return (value += step); };
}
var counter = new Counter(Number(args[0]));
counter.next();
print('counter', counter.next(), args.length);
var record = JSON.parse(read());
print(Object.keys(record).sort().join(','), JSON.stringify(record.list.map(function (x) { return x * x; })));
try {
  null.field;
} catch (error) {
  print(error instanceof TypeError, error.name);
} finally {
  print('finally');
}
print('2026-11-28'.replace(/(\d+)-(\d+)-(\d+)/, '$3.$2.$1'), (0.1 + 0.2).toFixed(10), 1 / 3);
throw new RangeError(args[1]);
