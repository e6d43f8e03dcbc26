// What the client scripts share: where the service is, and checks that are named in the output.
import assert from "node:assert/strict";

export const base = process.env.SEINE_URL;
export const key = process.env.SEINE_API_KEY;

export async function check(name, body) {
  try {
    await body();
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`FAILED ${name}: ${error.stack}`);
    process.exitCode = 1;
  }
}

export { assert };
