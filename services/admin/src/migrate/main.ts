import { migratePostgres } from "@tidemark/event-store-postgres/schema/migrate-postgres";
import { settingsOrExit } from "@tidemark/runtime/lifecycle";
import { openWhenUp } from "@tidemark/runtime/open-when-up";
import { readSettings } from "@tidemark/runtime/read-settings";
import { MigrateSettings } from "@tidemark/runtime/settings";
import { createLogger } from "@tidemark/telemetry/logger";

const settings = settingsOrExit(() => readSettings(MigrateSettings));
const logger = createLogger({ service: "migrate", level: settings.LOG_LEVEL });

await openWhenUp(() => migratePostgres({ url: settings.DATABASE_URL, logger }), logger);
logger.info("the tables are up to date, and the roles have their rights");
