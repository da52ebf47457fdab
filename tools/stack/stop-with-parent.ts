/**
 * Loaded into a service before its own code: the service stops when the process that started it is gone, by `kill -9`
 * too. The channel to that process closes with it, whatever happened.
 */
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref(); // it must not keep a service alive that has stopped
