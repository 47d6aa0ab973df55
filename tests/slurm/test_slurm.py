"""Test of the cluster script on a Slurm of one node, started for the test: the joined database has the numbers of one run.
SPDX-License-Identifier: GPL-3.0-or-later"""
import os
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "cli"))
import bitstair  # noqa: E402
import test_search  # noqa: E402

SCRIPT = os.path.join(bitstair.SOURCE, "build-aux", "slurm-sweep")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
LIMIT = 120  # seconds for daemons to come up, and again for the jobs
CONF = """ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={port2}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster(bitstair.TestCase):
    def setUp(self):
        super().setUp()
        self.daemons = []
        self.addCleanup(self.stop)
        self.environment["PATH"] += ":/usr/sbin:/sbin"
        self.environment["SLURM_CONF"] = self.path("slurm.conf")
        self.environment["BITSTAIR_CLI"] = bitstair.CLI

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()

    def daemon(self, *command):
        with open(self.path(os.path.basename(command[0]) + ".out"), "w") as log:
            self.daemons.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))

    def slurm(self, *command):
        return subprocess.run(command, env=self.environment, cwd=self.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60).stdout

    def wait_for(self, what, ready):
        end = time.monotonic() + LIMIT * int(os.environ.get("BITSTAIR_TIMEOUT_MULTIPLIER", "1"))
        while time.monotonic() < end:
            if ready():
                return
            time.sleep(0.5)
        self.fail(f"{what} did not happen in {LIMIT} s\n{self.logs()}")

    def logs(self):
        text = ""
        for name in sorted(os.listdir(self.folder)):
            if name.endswith((".log", ".out")):
                with open(self.path(name)) as file:
                    text += f"{name}: {file.read()[-3000:]}\n"
        return text

    def start_cluster(self):
        import pwd
        user = pwd.getpwuid(os.getuid()).pw_name
        os.chmod(self.folder, 0o755)
        for name in ("state", "spool", "munge"):
            os.mkdir(self.path(name), 0o700)
        with open(self.path("key"), "wb") as file:
            file.write(os.urandom(1024))
        os.chmod(self.path("key"), 0o400)
        with open(self.path("slurm.conf"), "w") as file:
            file.write(CONF.format(host=socket.gethostname(), port=free_port(), port2=free_port(), folder=self.folder,
                                   user=user, cpus=os.cpu_count()))
        self.daemon("/usr/sbin/munged", "--foreground", "--force", "--key-file", self.path("key"), "--socket",
                    self.path("munge.socket"), "--pid-file", self.path("munge/pid"), "--log-file", self.path("munge/log"),
                    "--seed-file", self.path("munge/seed"))
        self.wait_for("munged", lambda: os.path.exists(self.path("munge.socket")))
        self.daemon("/usr/sbin/slurmctld", "-D", "-i")
        self.daemon("/usr/sbin/slurmd", "-D")
        self.wait_for("an idle node", lambda: "idle" in self.slurm("sinfo", "--noheader", "--format=%t"))

    def test_array_joins_to_one_run(self):
        missing = [p for p in PROGRAMS if not shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin")]
        if missing:
            print(f"{', '.join(missing)} not installed (Debian: slurm-wlm): nothing checked", file=sys.stderr)
            return
        model = bitstair.DIGITS
        plan = ("--weights", "int2..int8", "--acts", "uint8", "--scope", "tensor,channel")
        whole = self.json("sweep", model.model, *model.data, *plan)
        self.start_cluster()
        joined = self.path("joined.db")
        out = self.slurm(SCRIPT, "3", joined, model.model, *model.data, *plan)
        self.assertIn("joined by", out)
        self.wait_for("the end of the jobs", lambda: self.slurm("squeue", "--noheader").strip() == "")
        self.assertTrue(os.path.exists(joined), self.logs())
        self.db = joined
        self.assertEqual(test_search.numbers(self.json("results")["results"]), test_search.numbers(whole["results"]))
        self.assertEqual(len([f for f in os.listdir(self.folder) if f.endswith(".db") and "shard" in f]), 3)


if __name__ == "__main__":
    bitstair.main()
