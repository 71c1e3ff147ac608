/** A path as a request has it: what a browser makes of it, which encodes what is no ASCII and takes out `..`. The slash in front may be left out. */
export function requestPath(path: string): string | undefined {
  const absolute = `http://localhost/${path.replace(/^\//, "")}`;
  return URL.canParse(absolute) ? new URL(absolute).pathname : undefined;
}
