// A recording says nothing about the machine that it was made on.
const os = require("node:os");
const { syncBuiltinESMExports } = require("node:module");

os.release = () => "0";
syncBuiltinESMExports();
