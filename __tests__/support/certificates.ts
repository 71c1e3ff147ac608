import { readFileSync } from "node:fs";

/** A file of `certificates/`, which has a README. */
export function pem(name: string): string {
  return readFileSync(new URL(`certificates/${name}.pem`, import.meta.url), "utf8");
}

/** What a server is given, and what its clients trust. */
export const TLS = { cert: pem("ecdsa.cert"), key: pem("ecdsa.key") };

/** Who may be talked to through TLS. */
export const TRUSTED: string[] = ["rsa", "ecdsa", "ed25519"].map((kind) => pem(`${kind}.cert`));
