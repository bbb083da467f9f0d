"""The tables of a project, and the steps that bring an older project to them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

VERSION = 2
TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE files (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
  kind TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL, pages INTEGER NOT NULL, documents INTEGER NOT NULL,
  characters INTEGER NOT NULL, reading TEXT NOT NULL, preview TEXT NOT NULL, added REAL NOT NULL,
  off TEXT NOT NULL DEFAULT '[]', textless TEXT NOT NULL DEFAULT '[]', recognised TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE documents (id TEXT PRIMARY KEY, file_id TEXT NOT NULL REFERENCES files(id) ON DELETE CASCADE,
  position INTEGER NOT NULL, title TEXT NOT NULL, characters INTEGER NOT NULL, date TEXT NOT NULL, author TEXT NOT NULL,
  "group" TEXT NOT NULL, language TEXT NOT NULL, fields TEXT NOT NULL, questions TEXT NOT NULL,
  judge_only INTEGER NOT NULL, ready_chunk INTEGER NOT NULL, anchors TEXT NOT NULL DEFAULT '[]', parts TEXT NOT NULL DEFAULT '{}',
  domain TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX documents_file ON documents(file_id, position);
CREATE TABLE pages (document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE, number INTEGER NOT NULL,
  start INTEGER NOT NULL, text TEXT NOT NULL, removed TEXT NOT NULL, PRIMARY KEY (document_id, number)) STRICT, WITHOUT ROWID;
CREATE TABLE chunks (id TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  position INTEGER NOT NULL, text TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, page INTEGER NOT NULL,
  page_end INTEGER NOT NULL, tokens INTEGER NOT NULL, heading TEXT NOT NULL, theme_id TEXT NOT NULL, theme_by TEXT NOT NULL) STRICT;
CREATE INDEX chunks_document ON chunks(document_id, position);
CREATE INDEX chunks_theme ON chunks(theme_id);
CREATE TABLE themes (id TEXT PRIMARY KEY, name TEXT NOT NULL, keywords TEXT NOT NULL, origin TEXT NOT NULL,
  parent TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE pairs (id TEXT PRIMARY KEY, query TEXT NOT NULL, document_id TEXT NOT NULL, start INTEGER NOT NULL,
  end INTEGER NOT NULL, positives TEXT NOT NULL, generator TEXT NOT NULL, people INTEGER NOT NULL, judge_only INTEGER NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, query_start INTEGER NOT NULL, query_end INTEGER NOT NULL, part TEXT NOT NULL,
  edited INTEGER NOT NULL, made REAL NOT NULL, passage TEXT NOT NULL, negatives TEXT NOT NULL DEFAULT '[]',
  score REAL NOT NULL DEFAULT 1, category TEXT NOT NULL DEFAULT '', swapped INTEGER NOT NULL DEFAULT 0, "group" TEXT NOT NULL DEFAULT '',
  who TEXT NOT NULL DEFAULT '', decided REAL NOT NULL DEFAULT 0) STRICT;
CREATE INDEX pairs_document ON pairs(document_id, start);
CREATE INDEX pairs_generator ON pairs(generator, state);
CREATE TABLE raw_answers (key TEXT PRIMARY KEY, chunk_id TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL,
  tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost REAL NOT NULL, at REAL NOT NULL,
  seconds REAL NOT NULL DEFAULT 0, asked TEXT NOT NULL DEFAULT '', refused TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE regions (document_id TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, part TEXT NOT NULL,
  PRIMARY KEY (document_id, start, part)) STRICT, WITHOUT ROWID;
CREATE TABLE test_sets (number INTEGER PRIMARY KEY, digest TEXT NOT NULL, questions TEXT NOT NULL, reason TEXT NOT NULL,
  made REAL NOT NULL) STRICT;
CREATE TABLE evaluations (run_id TEXT PRIMARY KEY, test_digest TEXT NOT NULL, made REAL NOT NULL, evaluation TEXT NOT NULL) STRICT;
CREATE TABLE publications (repo TEXT NOT NULL, "commit" TEXT NOT NULL, run_id TEXT NOT NULL, url TEXT NOT NULL,
  private INTEGER NOT NULL, files TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (repo, "commit")) STRICT;
"""

NEW_IN_2 = """
CREATE TABLE alike (chunk_id TEXT PRIMARY KEY, "group" TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE measures (pair_id TEXT PRIMARY KEY REFERENCES pairs(id) ON DELETE CASCADE, digest TEXT NOT NULL, corpus TEXT NOT NULL,
  kind TEXT NOT NULL, words INTEGER NOT NULL, copied INTEGER NOT NULL, refers INTEGER NOT NULL, unread REAL NOT NULL,
  language TEXT NOT NULL, passage_language TEXT NOT NULL, twin REAL NOT NULL, rank_base INTEGER NOT NULL,
  rank_words INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE doubts (pair_id TEXT NOT NULL REFERENCES pairs(id) ON DELETE CASCADE, chunk_id TEXT NOT NULL, judge TEXT NOT NULL,
  score REAL NOT NULL, own_score REAL NOT NULL, state TEXT NOT NULL, who TEXT NOT NULL, at REAL NOT NULL,
  PRIMARY KEY (pair_id, chunk_id)) STRICT, WITHOUT ROWID;
CREATE INDEX doubts_state ON doubts(state, at);
CREATE TABLE mined (pair_id TEXT NOT NULL REFERENCES pairs(id) ON DELETE CASCADE, chunk_id TEXT NOT NULL, judge TEXT NOT NULL,
  score REAL NOT NULL, PRIMARY KEY (pair_id, chunk_id)) STRICT, WITHOUT ROWID;
CREATE TABLE decisions (id INTEGER PRIMARY KEY, batch TEXT NOT NULL, at REAL NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
  pair_id TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX pairs_state ON pairs(state, reason, generator);
CREATE INDEX pairs_part ON pairs(state, part, generator, people);
CREATE INDEX raw_answers_asked ON raw_answers(asked);
CREATE INDEX raw_answers_refused ON raw_answers(refused, at);
CREATE INDEX pairs_order ON pairs(document_id, start, id);
CREATE INDEX pairs_passage ON pairs(json_extract(positives, '$[0]'));
CREATE INDEX decisions_batch ON decisions(batch);
CREATE INDEX decisions_undone ON decisions(undone, id);
"""

SCHEMA = TABLES + NEW_IN_2
"""All tables as a fresh project gets them."""

MIGRATIONS: Mapping[int, str] = MappingProxyType(
    {
        1: """
ALTER TABLE files ADD COLUMN off TEXT NOT NULL DEFAULT '[]';
ALTER TABLE files ADD COLUMN textless TEXT NOT NULL DEFAULT '[]';
ALTER TABLE files ADD COLUMN recognised TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN anchors TEXT NOT NULL DEFAULT '[]';
ALTER TABLE documents ADD COLUMN parts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE documents ADD COLUMN domain TEXT NOT NULL DEFAULT '';
ALTER TABLE themes ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE pairs ADD COLUMN negatives TEXT NOT NULL DEFAULT '[]';
ALTER TABLE pairs ADD COLUMN score REAL NOT NULL DEFAULT 1;
ALTER TABLE pairs ADD COLUMN category TEXT NOT NULL DEFAULT '';
ALTER TABLE pairs ADD COLUMN swapped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pairs ADD COLUMN "group" TEXT NOT NULL DEFAULT '';
ALTER TABLE pairs ADD COLUMN who TEXT NOT NULL DEFAULT '';
ALTER TABLE pairs ADD COLUMN decided REAL NOT NULL DEFAULT 0;
ALTER TABLE raw_answers ADD COLUMN seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE raw_answers ADD COLUMN asked TEXT NOT NULL DEFAULT '';
ALTER TABLE raw_answers ADD COLUMN refused TEXT NOT NULL DEFAULT '';
"""
        + NEW_IN_2,
    }
)
"""From the version to the next: what brings a project's tables there."""
