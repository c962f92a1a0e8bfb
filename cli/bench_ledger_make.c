/* cli/bench_ledger_make.c — a city with counties, towns and villages, its people and its servers. Made up. */
#include "bench_ledger.h"

#include <stdio.h>

#include "base/time.h"

#define BATCH    20000
#define PARTS(x) (sizeof(x) / sizeof *(x))

static const char *const surnames[] = {"李", "王", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙"};
static const char *const given[] = {"伟", "芳", "娜", "敏", "静", "强", "磊",
                                    "军", "洋", "勇", "艳", "杰", "涛", "明"};
static const char *const places[] = {"浈江", "武江", "曲江", "乐昌", "南雄",
                                     "仁化", "始兴", "翁源", "新丰", "乳源"};
static const char *const works[] = {"财政", "教育", "公安", "卫健", "民政", "住建", "水务", "交通", "文旅", "农业"};
static const char *const systems[] = {"预算一体化", "学籍管理", "视频云",   "电子病历", "低保核对", "不动产登记",
                                      "河道监测",   "营运车辆", "景区预约", "种粮补贴", "门户网站", "邮件网关"};
static const char *const roles[] = {"应用", "数据库", "接口", "缓存", "备份", "日志"};
static const char *const oses[] = {"麒麟 V10", "统信 UOS 20", "openEuler 22.03", "CentOS 7.9",
                                   "Windows Server 2019"};
static const char *const grades[] = {"core", "important", "common", "common", "common"};

static uint64_t mix(int64_t i) {
    uint64_t x = (uint64_t)i * 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    return x ^ x >> 27;
}

/* 1 the city; 2 to 11 its counties; to 71 departments of the city; then towns, each in a county; then villages. */
static json_t *make_unit(const struct jw_city *city, int64_t i) {
    char name[128];
    int64_t id = i + 1, parent = 1;
    const char *level = "department";
    (void)city;
    if (id == 1)
        return json_pack("{ss ss}", "name", "示例市", "level", "city");
    if (id <= 1 + JW_CITY_COUNTIES) {
        level = "county";
        snprintf(name, sizeof name, "%s县", places[id - 2]);
    } else if (id <= 71) {
        snprintf(name, sizeof name, "市%s局第%lld处", works[id % 10], (long long)id);
    } else if (id <= 271) {
        level = "town";
        parent = 2 + id % JW_CITY_COUNTIES;
        snprintf(name, sizeof name, "%s县第%lld镇", places[parent - 2], (long long)id);
    } else {
        level = "village";
        parent = 72 + id % 200;
        snprintf(name, sizeof name, "%s村第%lld村民委员会", works[id % 10], (long long)id);
    }
    return json_pack("{ss ss sI}", "name", name, "level", level, "parent", (json_int_t)parent);
}

static json_t *make_person(const struct jw_city *city, int64_t i) {
    char name[32], phone[16];
    uint64_t dice = mix(i);
    snprintf(name, sizeof name, "%s%s%s", surnames[dice % PARTS(surnames)], given[dice / 16 % PARTS(given)],
             dice & 8 ? given[dice / 512 % PARTS(given)] : "");
    snprintf(phone, sizeof phone, "138%08lld", (long long)i);
    return json_pack("{ss sI ss}", "name", name, "unit", (json_int_t)(1 + i % city->units), "mobile", phone);
}

json_t *jw_bench_ledger_server(const struct jw_city *city, int64_t i) {
    char name[160], ip[48], host[40];
    uint64_t dice = mix(i);
    snprintf(name, sizeof name, "%s%s%s服务器%lld", places[dice % PARTS(places)],
             systems[dice / 16 % PARTS(systems)], roles[dice / 1024 % PARTS(roles)], (long long)i);
    if (i < 1 << 24)
        snprintf(ip, sizeof ip, "10.%d.%d.%d", (int)(i >> 16 & 255), (int)(i >> 8 & 255), (int)(i & 255));
    else
        snprintf(ip, sizeof ip, "fd00::%x:%x:%x:%x", (unsigned)(i >> 48 & 65535), (unsigned)(i >> 32 & 65535),
                 (unsigned)(i >> 16 & 65535), (unsigned)(i & 65535));
    snprintf(host, sizeof host, "srv-%lld", (long long)i);
    return json_pack("{ss ss ss sI sI ss ss si}", "name", name, "ip", ip, "hostname", host, "unit",
                     (json_int_t)(1 + (int64_t)(dice % (uint64_t)city->units)), "owner",
                     (json_int_t)(1 + (int64_t)(dice / 4096 % (uint64_t)city->persons)), "grade",
                     grades[dice / 8192 % PARTS(grades)], "os", oses[dice / 65536 % PARTS(oses)], "cores",
                     (int)(1 << dice % 7));
}

/* --- batches -----------------------------------------------------------------------------------------------------
 */
struct making {
    const struct jw_city *city;
    const struct jw_ledger *ledger;
    json_t *(*make)(const struct jw_city *city, int64_t i);
    int64_t from, to;
    json_t *fields;
};

static jw_status next(void *context, size_t i, struct jw_change *out, struct jw_error *err) {
    struct making *making = context;
    json_decref(making->fields);
    making->fields = NULL;
    if (making->from + (int64_t)i >= making->to)
        return JW_END;
    making->fields = making->make(making->city, making->from + (int64_t)i);
    *out = (struct jw_change){.ledger = making->ledger,
                              .deed = JW_CREATE,
                              .fields = making->fields,
                              .actor = {JW_TEXT("bench"), JW_TEXT("cli"), JW_TEXT("")}};
    return making->fields ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

/* Records are numbered from 1 without gaps here. */
static jw_status count_records(struct jw_store *store, const struct jw_ledger *ledger, int64_t *out,
                               struct jw_error *err) {
    json_t *rows = NULL;
    int64_t total;
    struct jw_store_query query = {.ledger = ledger, .sort = JW_COLUMN_ID, .descending = true, .limit = 1};
    jw_status st = jw_store_list(store, &query, &rows, &total, err);
    if (st == JW_OK)
        *out = json_integer_value(json_object_get(json_array_get(rows, 0), "id"));
    json_decref(rows);
    return st;
}

static jw_status make_all(const struct jw_city *city, const struct jw_ledger *ledger,
                          json_t *(*make)(const struct jw_city *, int64_t), int64_t wanted, struct jw_error *err) {
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    int64_t have = 0, start = jw_time_steady();
    size_t failed;
    jw_status st = outcome ? count_records(city->store, ledger, &have, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    int64_t first = have;
    while (st == JW_OK && have < wanted) {
        int64_t to = have + BATCH < wanted ? have + BATCH : wanted;
        struct making making = {city, ledger, make, have, to, NULL};
        st = jw_store_change_all(city->store, &(struct jw_batch){.context = &making, .next = next}, &failed,
                                 outcome, err);
        json_decref(making.fields);
        have = to;
        fprintf(stderr, "\r%s: %lld of %lld, %.0f a second  ", ledger->name, (long long)have, (long long)wanted,
                (double)(have - first) / ((double)(jw_time_steady() - start) / (double)JW_SECOND));
    }
    if (have > first)
        fputc('\n', stderr);
    free(outcome);
    return st;
}

jw_status jw_bench_ledger_make(struct jw_city *city, struct jw_error *err) {
    city->unit = jw_ledgers_find(city->ledgers, JW_TEXT("organisation"));
    city->person = jw_ledgers_find(city->ledgers, JW_TEXT("person"));
    city->server = jw_ledgers_find(city->ledgers, JW_TEXT("server"));
    if (!city->unit || !city->person || !city->server)
        return jw_fail(err, JW_E_SYNTAX, "the ledgers organisation, person and server are not declared");
    jw_status st = make_all(city, city->unit, make_unit, city->units, err);
    if (st == JW_OK)
        st = make_all(city, city->person, make_person, city->persons, err);
    if (st == JW_OK)
        st = make_all(city, city->server, jw_bench_ledger_server, city->assets, err);
    return st == JW_OK ? count_records(city->store, city->server, &city->made, err) : st;
}
