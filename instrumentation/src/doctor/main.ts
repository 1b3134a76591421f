#!/usr/bin/env node
import process from "node:process";
import { doctorCommand } from "./doctor-command.ts";

async function main(): Promise<void> {
  process.exitCode = await doctorCommand(process.argv.slice(2), {
    folder: process.cwd(),
    env: process.env,
    nodeVersion: process.version,
    write: (text) => void process.stdout.write(text),
  });
}

void main();
