// ajv: whether JSON is as a schema says.
import { createInterface } from "node:readline";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";

for await (const line of createInterface({ input: process.stdin })) {
  const { schema, value } = JSON.parse(line);
  let answer;
  try {
    const ajv = new Ajv({ strict: true, strictTypes: false });
    formats(ajv);
    const validate = ajv.compile(schema);
    answer = validate(value) ? {} : { refused: ajv.errorsText(validate.errors) };
  } catch (error) {
    answer = { broken: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
