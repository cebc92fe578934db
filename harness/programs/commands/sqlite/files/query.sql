CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT UNIQUE, size INT);
INSERT INTO word(text, size) SELECT line, length(line) FROM input;
SELECT size, count(*), group_concat(text, '+') FROM word GROUP BY size ORDER BY size DESC;
SELECT a.text || b.text FROM word a JOIN word b ON a.size = b.size AND a.id < b.id ORDER BY 1;
SELECT round(avg(size), 3), printf('%05.1f', sum(size)) FROM word;
INSERT INTO word(text) VALUES ('step');
