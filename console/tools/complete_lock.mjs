// Completes package-lock.json with the builds for other platforms that npm left out: npm 11 drops an optional package
// that the registry at hand does not carry, and `npm ci` then calls the lock file out of step. Run it after every
// change of a dependency: npm run lock.
import { readFileSync, writeFileSync } from "node:fs";

const kFile = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(kFile, "utf8"));
let added = 0;

for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${path}/node_modules/${name}`;
    const hoisted = `node_modules/${name}`;
    if (lock.packages[nested] || lock.packages[hoisted]) continue;
    lock.packages[hoisted] = { version, ...platformOf(name), dev: true, optional: true };
    added++;
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(kFile, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} packages of other platforms added`);

/** What such a package may be installed on, as its name says: oxide-linux-arm-gnueabihf, cli-darwin-x64. */
function platformOf(name) {
  if (/wasm32/.test(name)) return { cpu: ["wasm32"] };
  const match =
    /(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|ppc64|riscv64|s390x|x64)/.exec(name);
  if (!match)
    throw new Error(`${name}: no platform in the name; add the package to package-lock.json by hand`);
  const libc = match[1] !== "linux" ? undefined : /musl/.test(name) ? ["musl"] : ["glibc"];
  return { os: [match[1]], cpu: [match[2]], ...(libc ? { libc } : {}) };
}
