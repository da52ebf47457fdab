import { writeFileSync } from "node:fs";
import { createOpenApiDocument } from "@tidemark/http-api/openapi-document";
import packageJson from "../services/query/package.json" with { type: "json" };

/** Writes docs/openapi.json, the committed copy of `/openapi.json`, for `npm run openapi`. A test compares the two. */

const document = createOpenApiDocument({ version: packageJson.version });
writeFileSync(new URL("../docs/openapi.json", import.meta.url), JSON.stringify(document));
