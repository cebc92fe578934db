// words LEAST [PATH]: counts the words of a file, or of standard input, and prints those that come at least so
// often, the most frequent first.
import { path_open, fd_read, fd, errno, rights, lookupflags } from "@assemblyscript/wasi-shim/assembly/bindings/wasi_snapshot_preview1";

class Count {
  constructor(public word: string, public count: i32) {}
}

function open(path: string): fd {
  let bytes = String.UTF8.encode(path);
  let place = memory.data(4);
  let error = path_open(3, lookupflags.SYMLINK_FOLLOW, changetype<usize>(bytes), bytes.byteLength, 0, rights.FD_READ, 0, 0, place);
  if (error != errno.SUCCESS) {
    process.stderr.write("words: cannot open " + path + "\n");
    process.exit(2);
  }
  return load<u32>(place);
}

function read(from: fd): string {
  let buffer = new ArrayBuffer(8192);
  let place = memory.data(12);
  let size: i32 = 0;
  while (size < buffer.byteLength) {
    store<usize>(place, changetype<usize>(buffer) + size);
    store<usize>(place, buffer.byteLength - size, 4);
    if (fd_read(from, place, 1, place + 8) != errno.SUCCESS) break;
    let came = load<i32>(place, 8);
    if (came == 0) break;
    size += came;
  }
  return String.UTF8.decode(buffer.slice(0, size));
}

let text = read(process.argv.length > 2 ? open(process.argv[2]) : 0);
let least = process.argv.length > 1 ? I32.parseInt(process.argv[1]) : 1;
let counts = new Map<string, i32>();
let word = "";
for (let i = 0; i <= text.length; i++) {
  let unit = i < text.length ? text.charCodeAt(i) | 32 : 32;
  if (unit >= 97 && unit <= 122) {
    word += String.fromCharCode(unit);
  } else if (word.length) {
    counts.set(word, counts.has(word) ? counts.get(word) + 1 : 1);
    word = "";
  }
}
let list = new Array<Count>();
let words = counts.keys();
for (let i = 0; i < words.length; i++) {
  let count = counts.get(words[i]);
  if (count >= least) list.push(new Count(words[i], count));
}
list.sort((a, b) => a.count != b.count ? b.count - a.count : a.word < b.word ? -1 : 1);
for (let i = 0; i < list.length; i++) {
  let share = Math.floor(f64(list[i].count) * 1000 / f64(text.length) + 0.5);
  process.stdout.write(list[i].count.toString() + " " + list[i].word + " " + i32(share).toString() + "\n");
}
process.exit(list.length ? 0 : 1);
