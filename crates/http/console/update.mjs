// Writes the console's bundle anew from the crate that carries it, or checks that the file is what the crate holds.
// Usage: node update.mjs VERSION | --check

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

const CRATE = 'scalar_api_reference';
const HELD = '0.2.21';
const HERE = dirname(fileURLToPath(import.meta.url));

/** The script in the crate of this version, fetched and checked by cargo. */
function bundleOf(version) {
  const folder = mkdtempSync(join(tmpdir(), 'console-bundle-'));
  try {
    const manifest = [
      '[package]', 'name = "bundle"', 'version = "0.0.0"', 'edition = "2024"', '[lib]', 'path = "lib.rs"',
      '[dependencies]', `${CRATE} = "=${version}"`, '[workspace]',
    ];
    writeFileSync(join(folder, 'Cargo.toml'), manifest.join('\n'));
    writeFileSync(join(folder, 'lib.rs'), '');
    const text = execFileSync('cargo', ['metadata', '--format-version', '1'], { cwd: folder, maxBuffer: 64 << 20 });
    const found = JSON.parse(text).packages.find(({ name }) => name === CRATE);
    return readFileSync(join(dirname(found.manifest_path), 'ui', 'scalar.js'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The version that the script itself states, which may not be the crate's. */
function statedVersion(script) {
  const versions = [...script.toString().matchAll(/=`(1\.\d+\.\d+)`/g)].map(([, version]) => version);
  return versions.sort((a, b) => versions.filter((v) => v === b).length - versions.filter((v) => v === a).length)[0];
}

const [wanted] = process.argv.slice(2);
const held = readdirSync(HERE).filter((name) => name.endsWith('.js.br'));
if (wanted === '--check') {
  const same = held.length === 1 && brotliDecompressSync(readFileSync(join(HERE, held[0]))).equals(bundleOf(HELD));
  console.log(same ? `${held[0]} is what ${CRATE} ${HELD} holds` : `${held} differs from ${CRATE} ${HELD}`);
  process.exitCode = same ? 0 : 1;
} else if (/^\d+\.\d+\.\d+$/.test(wanted ?? '')) {
  const script = bundleOf(wanted);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  const name = `scalar-${statedVersion(script)}.js.br`;
  for (const old of held) rmSync(join(HERE, old));
  writeFileSync(join(HERE, name), brotliCompressSync(script, { params }));
  console.log(`${name} is written; HELD in this script is now "${wanted}"`);
} else {
  console.error('Usage: node update.mjs VERSION | --check');
  process.exitCode = 2;
}
