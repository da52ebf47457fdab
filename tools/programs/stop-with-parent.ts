/**
 * Preloaded into a service: the service stops when the process that started it is gone, also after `kill -9`, because the
 * channel to that process closes with it.
 */
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref(); // the channel must not keep a service alive that has stopped
