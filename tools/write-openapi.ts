import { writeFileSync } from "node:fs";
import { createOpenApiDocument } from "@tidemark/http-api/openapi-document";
import packageJson from "../services/query/package.json" with { type: "json" };

/** `npm run openapi`: writes docs/openapi.json, the committed copy of what `/openapi.json` serves. A test holds the two equal. */

const document = createOpenApiDocument({ version: packageJson.version });
writeFileSync(new URL("../docs/openapi.json", import.meta.url), JSON.stringify(document));
