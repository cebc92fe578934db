#!/usr/bin/env python3
"""What words.ts must print, from its description: words of ASCII letters, the most frequent first."""
import collections, math, re, sys

text = (open(sys.argv[2], "rb") if len(sys.argv) > 2 else sys.stdin.buffer).read().decode()
counts = collections.Counter(re.findall("[a-z]+", text.lower()))
listed = [(count, word) for word, count in counts.items() if count >= int(sys.argv[1])]
for count, word in sorted(listed, key=lambda one: (-one[0], one[1])):
    print(count, word, math.floor(count * 1000 / len(text) + 0.5))
sys.exit(0 if listed else 1)
