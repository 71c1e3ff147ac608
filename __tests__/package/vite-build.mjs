// A Vite build of a page that uses the client: how large it is, and what is in it.
import { join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

/** Of the package in `app`: bytes of its code after minify and gzip, and the files that it is from. */
export async function viteBuild(app, page) {
  const { output } = await build({
    root: app,
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      modulePreload: false,
      // What is measured is the package's own; these are in a page anyway, or not needed.
      rollupOptions: { input: join(app, page), external: ["socket.io-client", "zod"] },
    },
  });
  const [chunk] = output;
  const home = join("node_modules", "dialogue-rs") + sep;
  const modules = Object.keys(chunk.modules)
    .map((id) => relative(app, id))
    .filter((id) => id.startsWith(home))
    .map((id) => id.slice(home.length).replaceAll(sep, "/"));
  return { size: gzipSync(chunk.code).length, modules, code: chunk.code };
}
