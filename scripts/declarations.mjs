// What `require` sees follows from what `import` sees: *.d.cts is *.d.ts, but for the ends of the files that it names.
//   node scripts/declarations.mjs [--write]        without --write: fails where one is not as it would be written
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

const write = process.argv.includes("--write");
for (const name of ["index", "client", "socket-io", "events", "options", "rooms"]) {
  const forImport = readFileSync(join(root, `${name}.d.ts`), "utf8");
  const forRequire = forImport.replace(/(from "\.\/[\w-]+)\.js"/g, '$1.cjs"');
  const path = join(root, `${name}.d.cts`);
  if (write) {
    writeFileSync(path, forRequire);
  } else if (readFileSync(path, "utf8") !== forRequire) {
    console.error(`${name}.d.cts is not what ${name}.d.ts says: npm run fix`);
    process.exitCode = 1;
  }
}
