// Writes FILE.br and FILE.gz beside every file of a folder, at the strongest levels, where that makes it smaller.
//   node compress.mjs DIST
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [dist] = process.argv.slice(2);
if (!dist) throw new Error("usage: compress.mjs DIST");

for (const entry of readdirSync(dist, { withFileTypes: true, recursive: true })) {
  if (!entry.isFile() || /\.(br|gz)$/.test(entry.name)) continue;
  const file = join(entry.parentPath, entry.name);
  const identity = readFileSync(file);
  const brotli = brotliCompressSync(identity, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: identity.length,
    },
  });
  const gzip = gzipSync(identity, { level: 9 });
  if (brotli.length < identity.length) writeFileSync(`${file}.br`, brotli);
  if (gzip.length < identity.length) writeFileSync(`${file}.gz`, gzip);
}
