// The importer catches, and goes on.
try {
  await import("dialogue-rs");
} catch (error) {
  console.log(error.code, error.message);
}
