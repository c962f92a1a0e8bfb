// What jw-api answers. By hand until they are generated from /api/v1/openapi.json.
import type { Label } from '../settings';

export interface Me {
  user: string; roles: string[]; powers: string[]; person: number; place: string;
  change_password: boolean; second_factor: boolean; wants_second_factor: boolean;
}
export type Event = Record<string, unknown>;
export interface Bar { time: string; seconds: number; count: number }
export interface Found {
  took_ms: number; total?: number; events?: Event[]; cursor?: string; histogram?: Bar[];
  by?: (Record<string, unknown> & { count: number })[];
}
export interface LedgerAbout { name: string; title: Label; about: Label; may: string[]; workflow?: string }
export type Choice = string | { zh?: string; en?: string; colour?: string; under?: Choices };
export interface Choices { [word: string]: Choice }
export interface Field {
  name: string; type: string; title: Label; help: Label; required: boolean; unique: boolean;
  sensitivity: 'open' | 'sensitive' | 'secret'; example?: string; may: string[]; default?: unknown;
  choices?: Choices; leaf_only?: boolean; least?: number; most?: number; scale?: number; unit?: string | Label; pattern?: string;
  ledger?: string; due?: boolean; value?: string; media?: string[];
}
export interface Declaration extends LedgerAbout {
  fields: Field[]; requirements: string[]; list: string[]; called: string | null; unit: string | null; owner: string | null;
}
export interface LedgerRecord {
  id: number; version: number; removed: boolean; place: string; state: string | null; made_at: number; made_by: string;
  changed_at: number; changed_by: string; fields: Record<string, unknown>; may: string[];
}
export interface Version {
  version: number; deed: string; why: string; who: string; origin: string; at: number; state?: string | null;
  fields: Record<string, unknown>;
}
export interface Counter { daemon: string; name: string; source: string; value: number; rate?: number; running?: boolean }
export interface RuleCost {
  id: string; name: string; name_zh: string; level: string; events_evaluated_total: number; events_matched_total: number;
  alerts_total: number; alerts_merged_total: number; time_ns_total: number;
}
export interface Status {
  counters: Counter[];
  rules: null | {
    loaded: number; loaded_at_ms: number; reload_refused: string; top: RuleCost[]; refused_total: number;
    refused: { file: string; id: string; why: string; line: number }[];
  };
}
export interface Account {
  name: string; person: number; disabled: boolean; has_password: boolean; change_password: boolean; second_factor: boolean;
  created: number; created_by: string; password_at: number; last_login: number; last_origin: string;
}
export interface Grant { role: string; unit: number; granted_by?: string; by?: string; at?: number; waiting?: boolean }
export interface Role { name: string; title: Label; about: Label; powers: string[]; everybody: boolean; read_only: boolean }
export interface Entry {
  seq: number; at: number; who: string; origin: string; action: string; object: string; detail: unknown; hash: string;
}
export interface Task {
  ledger: string; id: number; flow: string; state: string; since: number; late: boolean; role: string; person: number;
  deadline: number | null; flow_title?: Label; state_title?: Label; name?: string; ledger_title?: Label;
}
export interface Notice { id: number; at: number; kind: string; ledger: string; record: number; read: boolean; text: Label; name?: string; ledger_title?: Label }
export interface FlowState { name: string; title: Label; final: boolean; colour?: string }
export interface Transition {
  name: string; title: Label; to: FlowState; allowed: boolean; why?: string; require: string[]; evidence: string[]; change: string[];
  reason: boolean; back: boolean; agree?: number; signed?: { who: string; person: number; at: number }[];
}
export interface FlowStep { seq: number; at: number; kind: string; step: string; from: string; to: string; who: string; person: number; behalf: string; reason: string }
export interface Flow {
  flow: string; title: Label; state: FlowState; entered_at: number; started_at: number; deadline: number | null; late: boolean; extended: number;
  transitions: Transition[]; steps: FlowStep[]; withdraw: boolean; delegate: boolean; extend: boolean; decide: boolean;
}
