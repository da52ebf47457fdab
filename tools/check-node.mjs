// Plain JavaScript on purpose: an old Node cannot read a .ts file far enough to print this.
const [major] = process.versions.node.split(".").map(Number);
if (major < 24) {
  console.error(
    `Tidemark needs Node 24 or newer, this is ${process.version}. On Linux (x64, arm64) \`npm run setup\` brings one along ` +
      "as a package; elsewhere install it from https://nodejs.org and try again.",
  );
  process.exit(1);
}
