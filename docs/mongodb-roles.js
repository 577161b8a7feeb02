// The least that landfall needs of a replica set. Run on its primary, by somebody who may make roles; a second run brings roles up to date
// and leaves users as they are:
//
//     mongosh "mongodb://…/admin?replicaSet=orders" docs/mongodb-roles.js
//
// `hello` needs no login. `getLog` is only for telling whether a step down whose answer was lost was ours; without it that stays a
// question for two people. `getDefaultRWConcern` tells what the server takes where an arbiter comes or goes. `inprog` is for naming the long operations that a step down would kill. The canary is only for sets whose plan
// has one (take its line out elsewhere); its collection is the one that the plan names.
const cluster = { cluster: true }, canary = { db: "landfall", collection: "canary" };
const roles = {
  "landfall-read": ["replSetGetStatus", "replSetGetConfig", "serverStatus", "inprog", "getLog", "getDefaultRWConcern"],
  "landfall-operate": ["replSetGetConfig", "replSetConfigure", "replSetStateChange"],
  "landfall-canary": ["insert", "update"],
};
const admin = db.getSiblingDB("admin");
for (const [role, actions] of Object.entries(roles)) {
  const privileges = [{ resource: role === "landfall-canary" ? canary : cluster, actions }];
  if (admin.getRole(role)) admin.updateRole(role, { privileges, roles: [] });
  else admin.createRole({ role, privileges, roles: [] });
  if (admin.getUser(role)) continue;
  print(`A password for ${role}:`);
  admin.createUser({ user: role, pwd: passwordPrompt(), roles: [role] });
}
