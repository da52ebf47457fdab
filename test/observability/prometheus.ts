import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";

interface Answer<Data> {
  status: "success" | "error";
  data: Data;
  error?: string;
}

/** One series of the answer to an instant query: its labels, and the time and value of its sample. */
export interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

/** One series of the answer to a query over a range of time. */
export interface Series {
  metric: Record<string, string>;
  values: [number, string][];
}

interface Alert {
  labels: { alertname: string };
  annotations: { description: string };
  state: "pending" | "firing";
}

/** The API of a Prometheus. */
export class Prometheus {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** @throws {Error} if the query cannot be parsed or evaluated */
  async query(expression: string): Promise<Sample[]> {
    const { result } = await this.#get<{ result: Sample[] }>(`query?query=${encodeURIComponent(expression)}`);
    return result;
  }

  async queryRange(expression: string, range: { start: number; end: number; step: number }): Promise<Series[]> {
    const { start, end, step } = range;
    const query = `query_range?query=${encodeURIComponent(expression)}&start=${start}&end=${end}&step=${step}`;
    return (await this.#get<{ result: Series[] }>(query)).result;
  }

  async targets(): Promise<{ labels: { job: string; instance: string }; health: string; lastError: string }[]> {
    return (await this.#get<{ activeTargets: [] }>("targets?state=active")).activeTargets;
  }

  async rules(): Promise<{ name: string; health: string; lastError?: string }[]> {
    const { groups } = await this.#get<{ groups: { rules: [] }[] }>("rules");
    return groups.flatMap(({ rules }) => rules);
  }

  /**
   * Returns the sites whose pages may read this Prometheus in a browser, from the header of an answer to a page of this
   * site.
   */
  async sitesAllowedTo(site: string): Promise<string | null> {
    const { headers } = await fetch(`${this.#url}/api/v1/query?query=1`, { headers: { origin: site } });
    return headers.get("access-control-allow-origin");
  }

  /** Returns the status of the answer to a request for another name, as a browser sends it after DNS rebinding. */
  async statusUnder(name: string): Promise<number | undefined> {
    const sent = request(`${this.#url}/api/v1/query?query=1`, { headers: { host: name } });
    sent.end();
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    answer.resume();
    return answer.statusCode;
  }

  /** Returns the alerts that fire now. */
  async firing(): Promise<Alert[]> {
    const { alerts } = await this.#get<{ alerts: Alert[] }>("alerts");
    return alerts.filter(({ state }) => state === "firing");
  }

  async #get<Data>(path: string): Promise<Data> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as Answer<Data>;
    if (status !== "success") throw new Error(`${path}: ${error}`);
    return data;
  }
}
