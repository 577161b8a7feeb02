// The least that landfall needs of a replica set. Run on its primary, by somebody who may make roles:
//
//     mongosh "mongodb://…/admin?replicaSet=orders" docs/mongodb-roles.js
//
// `hello` needs no login. `getLog` is only for telling whether a step down whose answer was lost was ours; without it that stays a
// question for two people. `inprog` is for naming the long operations that a step down would kill. The canary is only for sets whose plan
// has one; its collection is the one that the plan names.
const cluster = { cluster: true }, canary = { db: "landfall", collection: "canary" };
const roles = {
  "landfall-watch": ["replSetGetStatus", "replSetGetConfig", "serverStatus", "inprog", "getLog"],
  "landfall-operate": ["replSetGetConfig", "replSetConfigure", "replSetStateChange"],
  "landfall-canary": ["insert", "update"],
};
for (const [role, actions] of Object.entries(roles)) {
  const resource = role === "landfall-canary" ? canary : cluster;
  db.getSiblingDB("admin").createRole({ role, privileges: [{ resource, actions }], roles: [] });
  db.getSiblingDB("admin").createUser({ user: role, pwd: passwordPrompt(), roles: [role] });
}
