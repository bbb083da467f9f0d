CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE files (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
  kind TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL, pages INTEGER NOT NULL, documents INTEGER NOT NULL,
  characters INTEGER NOT NULL, reading TEXT NOT NULL, preview TEXT NOT NULL, added REAL NOT NULL) STRICT;
CREATE TABLE documents (id TEXT PRIMARY KEY, file_id TEXT NOT NULL REFERENCES files(id) ON DELETE CASCADE,
  position INTEGER NOT NULL, title TEXT NOT NULL, characters INTEGER NOT NULL, date TEXT NOT NULL, author TEXT NOT NULL,
  "group" TEXT NOT NULL, language TEXT NOT NULL, fields TEXT NOT NULL, questions TEXT NOT NULL,
  judge_only INTEGER NOT NULL, ready_chunk INTEGER NOT NULL) STRICT;
CREATE INDEX documents_file ON documents(file_id, position);
CREATE TABLE pages (document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE, number INTEGER NOT NULL,
  start INTEGER NOT NULL, text TEXT NOT NULL, removed TEXT NOT NULL, PRIMARY KEY (document_id, number)) STRICT, WITHOUT ROWID;
CREATE TABLE chunks (id TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  position INTEGER NOT NULL, text TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, page INTEGER NOT NULL,
  page_end INTEGER NOT NULL, tokens INTEGER NOT NULL, heading TEXT NOT NULL, theme_id TEXT NOT NULL, theme_by TEXT NOT NULL) STRICT;
CREATE INDEX chunks_document ON chunks(document_id, position);
CREATE INDEX chunks_theme ON chunks(theme_id);
CREATE TABLE themes (id TEXT PRIMARY KEY, name TEXT NOT NULL, keywords TEXT NOT NULL, origin TEXT NOT NULL) STRICT;
CREATE TABLE pairs (id TEXT PRIMARY KEY, query TEXT NOT NULL, document_id TEXT NOT NULL, start INTEGER NOT NULL,
  end INTEGER NOT NULL, positives TEXT NOT NULL, generator TEXT NOT NULL, people INTEGER NOT NULL, judge_only INTEGER NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, query_start INTEGER NOT NULL, query_end INTEGER NOT NULL, part TEXT NOT NULL,
  edited INTEGER NOT NULL, made REAL NOT NULL, passage TEXT NOT NULL) STRICT;
CREATE INDEX pairs_document ON pairs(document_id, start);
CREATE INDEX pairs_generator ON pairs(generator, state);
CREATE TABLE raw_answers (key TEXT PRIMARY KEY, chunk_id TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL,
  tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost REAL NOT NULL, at REAL NOT NULL) STRICT;
CREATE TABLE regions (document_id TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, part TEXT NOT NULL,
  PRIMARY KEY (document_id, start, part)) STRICT, WITHOUT ROWID;
CREATE TABLE test_sets (number INTEGER PRIMARY KEY, digest TEXT NOT NULL, questions TEXT NOT NULL, reason TEXT NOT NULL,
  made REAL NOT NULL) STRICT;
CREATE TABLE evaluations (run_id TEXT PRIMARY KEY, test_digest TEXT NOT NULL, made REAL NOT NULL, evaluation TEXT NOT NULL) STRICT;
CREATE TABLE publications (repo TEXT NOT NULL, "commit" TEXT NOT NULL, run_id TEXT NOT NULL, url TEXT NOT NULL,
  private INTEGER NOT NULL, files TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (repo, "commit")) STRICT;
