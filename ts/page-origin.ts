/** Schemes whose hosts and ports a URL's parser knows how to write. */
const WEB = /^https?:\/\//i;
/** What pages have that come from an app or an extension: `capacitor://localhost`, `chrome-extension://…`. */
const OTHER = /^(?!(?:wss?|ftp|file):)[a-z][a-z0-9+.-]*:\/\/[^\s/?#,@\\*]+$/i;

/**
 * An origin as browsers write it in `Origin`: in lower case, names in ASCII, without the port that the scheme has anyway. `undefined` for what
 * no page can have: a wildcard, a path, a `ws:` address (a page's WebSocket has the page's origin).
 */
export function pageOrigin(text: string): string | undefined {
  if (!WEB.test(text)) return OTHER.test(text) ? text.toLowerCase() : undefined;
  // What stands behind the host, and a user before it, would be dropped in silence.
  if (/[\s/?#@\\*,]/.test(text.replace(WEB, "")) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}
