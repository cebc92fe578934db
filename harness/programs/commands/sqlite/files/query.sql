CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT UNIQUE, size INT);
INSERT INTO word(text, size) SELECT line, length(line) FROM input;
CREATE INDEX by_size ON word(size);
SELECT size, count(*), group_concat(text, '+') FROM word GROUP BY size ORDER BY size DESC;
UPDATE word SET text = upper(text) WHERE size > 3;
SELECT a.text || b.text FROM word a JOIN word b ON a.size = b.size AND a.id < b.id ORDER BY 1;
SELECT round(avg(size), 3), typeof(avg(size)), printf('%05.1f', sum(size)) FROM word;
INSERT INTO word(text) VALUES ('STEP');
