import { startTcpProxy, type TcpProxy } from "@tidemark/test-support/processes/tcp-proxy";
import { AckFilter } from "./ack-filter.ts";

/** A proxy between a consumer and the broker. */
export interface BrokerProxy extends TcpProxy {
  /** Drops acknowledgements and passes on everything else. */
  loseAcks(): void;
}

export async function startBrokerProxy(brokerUrl: string): Promise<BrokerProxy> {
  let isLosingAcks = false;
  const createFilter = () => {
    const filter = new AckFilter();
    return (piece: Buffer) => {
      filter.isWithholding = isLosingAcks;
      return filter.pass(piece);
    };
  };
  const proxy = await startTcpProxy(brokerUrl, { createFilter });
  return {
    ...proxy,
    loseAcks() {
      isLosingAcks = true;
    },
    heal() {
      isLosingAcks = false;
      proxy.heal();
    },
  };
}
