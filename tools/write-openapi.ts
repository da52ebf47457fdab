import { writeFileSync } from "node:fs";
import { createOpenApiDocument } from "@tidemark/http-api/openapi-document";
import { VERSION } from "@tidemark/runtime/version";

/** Writes docs/openapi.json, the committed copy of `/openapi.json`, for `npm run openapi`. A test compares the two. */

const document = createOpenApiDocument({ version: VERSION });
writeFileSync(new URL("../docs/openapi.json", import.meta.url), JSON.stringify(document));
