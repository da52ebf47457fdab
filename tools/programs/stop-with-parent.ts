/**
 * This module is preloaded into a service. The service stops when the process that started it has ended, even after
 * `kill -9`, because the channel between them closes.
 */
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref(); // the channel must not keep a stopped service alive
