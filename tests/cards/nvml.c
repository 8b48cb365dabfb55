/* A driver's library for the tests. What it says stands in the file `behaviour` beside it:
     driver VERSION
     card UUID TOTAL_MB USED_MB UTILIZATION TEMPERATURE POWER_MW NAME
     mig PARENT_INDEX UUID TOTAL_MB USED_MB
     process UUID PID USED_MB          (-1: the driver does not tell)
     error FUNCTION UUID CODE          (*: of any card, or of none)
     hang FUNCTION
     crash FUNCTION
     absent FUNCTION_WITH_VERSION      (as in an older library: answers 13)            */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 64, TEXT = 96, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7 };
enum { HANG = -1, CRASH = -2 };
static const unsigned long long MIB = 1024ULL * 1024, NOT_TOLD = ~0ULL;

struct card {
  char uuid[TEXT], name[TEXT];
  long long total, used;
  unsigned utilization, temperature, power;
  int parent;
};
struct using { char uuid[TEXT]; unsigned pid; long long used; };
struct rule { char function[TEXT], uuid[TEXT]; int code; };
struct memory { unsigned long long total, free, used; };
struct memory_v2 { unsigned version; unsigned long long total, reserved, free, used; };
struct process { unsigned pid; unsigned long long used; unsigned instance, compute; };
struct utilization { unsigned gpu, memory; };

static struct card cards[MOST];
static struct using processes[MOST];
static struct rule rules[MOST];
static int n_cards, n_processes, n_rules, loaded;
static char driver[TEXT];

static void rule(const char *function, const char *uuid, int code) {
  struct rule *one = &rules[n_rules++];
  strcpy(one->function, function);
  strcpy(one->uuid, uuid);
  one->code = code;
}

static void take(const char *line) {
  struct card *card = &cards[n_cards];
  struct using *using = &processes[n_processes];
  char function[TEXT], uuid[TEXT];
  int code;
  card->parent = -1;
  if (sscanf(line, "driver %95s", driver) == 1) return;
  if (sscanf(line, "card %95s %lld %lld %u %u %u %95[^\n]", card->uuid, &card->total, &card->used,
             &card->utilization, &card->temperature, &card->power, card->name) == 7)
    n_cards++;
  else if (sscanf(line, "mig %d %95s %lld %lld", &card->parent, card->uuid, &card->total,
                  &card->used) == 4)
    strcpy(cards[n_cards++].name, "Part of a card");
  else if (sscanf(line, "process %95s %u %lld", using->uuid, &using->pid, &using->used) == 3)
    n_processes++;
  else if (sscanf(line, "error %95s %95s %d", function, uuid, &code) == 3)
    rule(function, uuid, code);
  else if (sscanf(line, "hang %95s", function) == 1)
    rule(function, "*", HANG);
  else if (sscanf(line, "crash %95s", function) == 1)
    rule(function, "*", CRASH);
  else if (sscanf(line, "absent %95s", function) == 1)
    rule(function, "*", 13);
}

static void load(void) {
  Dl_info where;
  char path[4096], line[512];
  if (loaded++ || !dladdr((void *)load, &where)) return;
  snprintf(path, sizeof path, "%.*s/behaviour",
           (int)(strrchr(where.dli_fname, '/') - where.dli_fname), where.dli_fname);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file)) take(line);
  if (file) fclose(file);
}

static int answer(const char *function, const struct card *card) {
  load();
  for (int n = 0; n < n_rules; n++) {
    struct rule *one = &rules[n];
    if (strcmp(one->function, function)) continue;
    if (strcmp(one->uuid, "*") && (!card || strcmp(one->uuid, card->uuid))) continue;
    if (one->code == CRASH) abort();
    while (one->code == HANG) pause();
    return one->code;
  }
  return 0;
}

#define ANSWER(function, card) \
  do { int code = answer(function, card); if (code) return code; } while (0)

static struct card *whole(unsigned index) {
  for (int n = 0; n < n_cards; n++)
    if (cards[n].parent < 0 && index-- == 0) return &cards[n];
  return NULL;
}

int nvmlInitWithFlags(unsigned flags) { (void)flags; ANSWER("nvmlInit", NULL); return 0; }
int nvmlShutdown(void) { return 0; }

int nvmlSystemGetDriverVersion(char *text, unsigned size) {
  ANSWER("nvmlSystemGetDriverVersion", NULL);
  snprintf(text, size, "%s", driver);
  return 0;
}

int nvmlDeviceGetCount_v2(unsigned *count) {
  ANSWER("nvmlDeviceGetCount", NULL);
  for (*count = 0; whole(*count); ) ++*count;
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct card **card) {
  *card = whole(index);
  if (!*card) return INVALID;
  ANSWER("nvmlDeviceGetHandleByIndex", *card);
  return 0;
}

int nvmlDeviceGetUUID(struct card *card, char *text, unsigned size) {
  ANSWER("nvmlDeviceGetUUID", card);
  snprintf(text, size, "%s", card->uuid);
  return 0;
}

int nvmlDeviceGetName(struct card *card, char *text, unsigned size) {
  ANSWER("nvmlDeviceGetName", card);
  snprintf(text, size, "%s", card->name);
  return 0;
}

int nvmlDeviceGetMemoryInfo(struct card *card, struct memory *memory) {
  ANSWER("nvmlDeviceGetMemoryInfo", card);
  memory->total = card->total * MIB;
  memory->used = card->used * MIB;
  memory->free = memory->total - memory->used;
  return 0;
}

int nvmlDeviceGetMemoryInfo_v2(struct card *card, struct memory_v2 *memory) {
  ANSWER("nvmlDeviceGetMemoryInfo_v2", card);
  struct memory plain;
  int code = nvmlDeviceGetMemoryInfo(card, &plain);
  memory->total = plain.total;
  memory->used = plain.used;
  memory->free = plain.free;
  memory->reserved = 0;
  return code;
}

int nvmlDeviceGetUtilizationRates(struct card *card, struct utilization *rates) {
  ANSWER("nvmlDeviceGetUtilizationRates", card);
  if (card->parent >= 0) return NOT_SUPPORTED;
  rates->gpu = card->utilization;
  rates->memory = 0;
  return 0;
}

int nvmlDeviceGetTemperature(struct card *card, unsigned sensor, unsigned *temperature) {
  (void)sensor;
  ANSWER("nvmlDeviceGetTemperature", card);
  if (card->parent >= 0) return NOT_SUPPORTED;
  *temperature = card->temperature;
  return 0;
}

int nvmlDeviceGetPowerUsage(struct card *card, unsigned *milliwatts) {
  ANSWER("nvmlDeviceGetPowerUsage", card);
  if (card->parent >= 0) return NOT_SUPPORTED;
  *milliwatts = card->power;
  return 0;
}

static int list(struct card *card, unsigned *room, struct process *found) {
  unsigned count = 0;
  for (int n = 0; n < n_processes; n++) {
    struct using *one = &processes[n];
    if (strcmp(one->uuid, card->uuid)) continue;
    if (found && count < *room) {
      unsigned long long used = one->used < 0 ? NOT_TOLD : one->used * MIB;
      found[count] = (struct process){one->pid, used, 0, 0};
    }
    count++;
  }
  int enough = count <= *room;
  *room = count;
  return enough ? 0 : TOO_SMALL;
}

int nvmlDeviceGetComputeRunningProcesses_v3(struct card *card, unsigned *room,
                                            struct process *found) {
  ANSWER("nvmlDeviceGetComputeRunningProcesses", card);
  ANSWER("nvmlDeviceGetComputeRunningProcesses_v3", card);
  return list(card, room, found);
}

int nvmlDeviceGetComputeRunningProcesses_v2(struct card *card, unsigned *room,
                                            struct process *found) {
  ANSWER("nvmlDeviceGetComputeRunningProcesses", card);
  return list(card, room, found);
}

int nvmlDeviceGetMigMode(struct card *card, unsigned *now, unsigned *later) {
  ANSWER("nvmlDeviceGetMigMode", card);
  *now = 0;
  for (int n = 0; n < n_cards; n++)
    if (cards[n].parent >= 0 && whole(cards[n].parent) == card) *now = 1;
  *later = *now;
  return *now ? 0 : NOT_SUPPORTED;
}

int nvmlDeviceGetMaxMigDeviceCount(struct card *card, unsigned *count) {
  ANSWER("nvmlDeviceGetMaxMigDeviceCount", card);
  *count = 7;
  return 0;
}

int nvmlDeviceGetMigDeviceHandleByIndex(struct card *card, unsigned index, struct card **instance) {
  for (int n = 0; n < n_cards; n++) {
    *instance = &cards[n];
    if (cards[n].parent >= 0 && whole(cards[n].parent) == card && index-- == 0) return 0;
  }
  return NOT_FOUND;
}
