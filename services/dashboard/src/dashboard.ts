import { fileURLToPath } from "node:url";

/** The directory of the files that make the dashboard: served as they are, `index.html` at `/`. */
export const dashboardDirectory = fileURLToPath(new URL("./public", import.meta.url));
