# Trains the example models with a fixed seed and exports them to ONNX: train.py NAME….
# SPDX-License-Identifier: MIT
"""train.py NAME...  : train with a fixed seed, save models/NAME.pt, export models/NAME.onnx (BN unfolded), log accuracy."""
import sys, os, time, json, math, numpy as np, torch, torch.nn as nn, torch.nn.functional as F, onnx
sys.path.insert(0,os.path.dirname(__file__)); from zoo import *
torch.set_num_threads(int(os.environ.get('TH','2'))); D=os.environ.get('DATA','../data')+'/'; MD=os.environ.get('OUT','.')+'/'
def img(name):
    z=np.load(D+name+'.npz'); f=lambda x: torch.from_numpy(x)[:,None]
    return f(z['x_train']),torch.from_numpy(z['y_train']).long(),f(z['x_test']),torch.from_numpy(z['y_test']).long()
def tab(name):
    z=np.load(D+name+'.npz'); g=lambda k:torch.from_numpy(z[k].astype(np.float32)); h=lambda k:torch.from_numpy(z[k]).long()
    return g('x_train'),h('y_train'),g('x_test'),h('y_test')
def tok(name):
    z=np.load(D+name+'.npz'); h=lambda k:torch.from_numpy(z[k]).long(); return h('x_train'),h('y_train'),h('x_test'),h('y_test')
def prep(x,scale): return x.float()/scale if x.dtype==torch.uint8 else x
def aug_img(x,pad,flip):
    B,C,H,W=x.shape
    if flip: m=(torch.rand(B)<.5); x=x.clone(); x[m]=x[m].flip(3)
    if pad:
        xp=F.pad(x,(pad,)*4); dy=torch.randint(0,2*pad+1,(B,)); dx=torch.randint(0,2*pad+1,(B,))
        iy=(torch.arange(H)[None]+dy[:,None]); ix=(torch.arange(W)[None]+dx[:,None])
        x=xp[torch.arange(B)[:,None,None,None],torch.arange(C)[None,:,None,None],iy[:,None,:,None],ix[:,None,None,:]]
    return x
@torch.no_grad()
def acc(m,x,y,scale,bs=500):
    m.eval(); c=0
    for i in range(0,len(y),bs): c+=(m(prep(x[i:i+bs],scale)).argmax(1)==y[i:i+bs]).sum().item()
    return 100*c/len(y)
def fit(m,data,epochs,lr,scale=255.,bs=128,pad=0,flip=False,wd=5e-4,opt='sgd',ls=0.0,noise=0.0,name=''):
    xt,yt,xe,ye=data; n=len(yt); o=torch.optim.SGD(m.parameters(),lr,.9,weight_decay=wd,nesterov=True) if opt=='sgd' else torch.optim.AdamW(m.parameters(),lr,weight_decay=wd)
    spe=(n+bs-1)//bs; sch=torch.optim.lr_scheduler.OneCycleLR(o,lr,total_steps=epochs*spe,pct_start=.2); t0=time.time()
    for e in range(epochs):
        m.train(); p=torch.randperm(n); tot=0.
        for i in range(0,n,bs):
            j=p[i:i+bs]; x=prep(xt[j],scale)
            if pad or flip: x=aug_img(x,pad,flip)
            if noise: x=x+noise*torch.randn_like(x)
            l=F.cross_entropy(m(x),yt[j],label_smoothing=ls); o.zero_grad(); l.backward(); o.step(); sch.step(); tot+=l.item()*len(j)
        if e%2==1 or e==epochs-1: print(f'  {name} ep {e+1} loss {tot/n:.4f} test {acc(m,xe,ye,scale):.2f} {time.time()-t0:.0f}s',flush=True)
    return acc(m,xe,ye,scale)
def lmfit(m,name,steps,lr,T=128,bs=32,tag=''):
    z=np.load(D+name+'.npz'); tr=torch.from_numpy(z['train']).long(); xe=torch.from_numpy(z['x_test']).long(); ye=torch.from_numpy(z['y_test']).long()
    o=torch.optim.AdamW(m.parameters(),lr,weight_decay=.01); sch=torch.optim.lr_scheduler.OneCycleLR(o,lr,total_steps=steps,pct_start=.1); t0=time.time()
    def ppl():
        m.eval()
        with torch.no_grad(): s=sum(F.cross_entropy(m(xe[i:i+64]).flatten(0,1),ye[i:i+64].flatten(),reduction='sum').item() for i in range(0,len(xe),64))
        return math.exp(s/ye.numel())
    for k in range(steps):
        m.train(); i=torch.randint(0,len(tr)-T-1,(bs,)); idx=i[:,None]+torch.arange(T+1)[None]; b=tr[idx]
        l=F.cross_entropy(m(b[:,:-1]).flatten(0,1),b[:,1:].flatten()); o.zero_grad(); l.backward(); nn.utils.clip_grad_norm_(m.parameters(),1.); o.step(); sch.step()
        if k%500==499 or k==steps-1: print(f'  {tag} step {k+1} loss {l.item():.3f} test ppl {ppl():.4f} {time.time()-t0:.0f}s',flush=True)
    return ppl()
def export(m,name,dummy,opset,dyn=True,inp='input',out='output'):
    m.eval(); p=MD+name+'.onnx'
    torch.onnx.export(m,dummy,p,opset_version=opset,input_names=[inp],output_names=[out],dynamic_axes={inp:{0:'N'},out:{0:'N'}} if dyn else None,training=torch.onnx.TrainingMode.PRESERVE,do_constant_folding=False)
    g=onnx.load(p); onnx.checker.check_model(g); return os.path.getsize(p)
def done(name,m,metric,val,size,opset,data):
    torch.save(m.state_dict(),MD+name+'.pt'); n=sum(p.numel() for p in m.parameters())
    r=dict(name=name,metric=metric,value=round(val,4),params=n,onnx_bytes=size,opset=opset,data=data); print(json.dumps(r),flush=True)
    open(MD+'results.jsonl','a').write(json.dumps(r)+'\n')
def widen(m,seed,lo=-2.,hi=2.):
    """dw-conv BN gammas start log-uniform (2^lo..2^hi) => folded per-channel ranges differ widely, as in published MobileNets"""
    g=torch.Generator().manual_seed(seed)
    for q in m.modules():
        if isinstance(q,nn.Sequential) and len(q)>=2 and isinstance(q[0],nn.Conv2d) and isinstance(q[1],nn.BatchNorm2d) and q[0].groups>1:
            s=2**(torch.rand(q[1].num_features,generator=g)*(hi-lo)+lo); q[1].weight.data*=s
def T(name):
    torch.manual_seed(hash_(name)); np.random.seed(hash_(name)%2**31); I=torch.rand
    if name=='digits_mlp': d=img('digits'); m=MLP([64,64,32,10]); s=16.; v=fit(m,d,60,.1,s,32,name=name); sz=export(m,name,I(2,1,8,8),13); done(name,m,'top1',v,sz,13,'digits (x/16)')
    elif name=='mnist_mlp': d=img('mnist10k'); m=MLP([784,256,128,10]); v=fit(m,d,40,.05,name=name,pad=2,wd=5e-4); sz=export(m,name,I(2,1,28,28),13); done(name,m,'top1',v,sz,13,'mnist10k')
    elif name=='mnist_lenet_bn': d=img('mnist10k'); m=LeNetBN(); v=fit(m,d,20,.05,pad=2,name=name); sz=export(m,name,I(2,1,28,28),11); done(name,m,'top1',v,sz,11,'mnist10k')
    elif name=='fashion_resnet': d=img('fashion'); m=ResNet(1); v=fit(m,d,6,.1,flip=True,name=name); sz=export(m,name,I(2,1,28,28),13); done(name,m,'top1',v,sz,13,'fashion')
    elif name=='fashion_mobilenet': d=img('fashion'); m=MobileNetV1(1); widen(m,5); v=fit(m,d,10,.1,flip=True,wd=1e-4,name=name); sz=export(m,name,I(2,1,28,28),13); done(name,m,'top1',v,sz,13,'fashion')
    elif name=='fashion_vit': d=img('fashion'); m=ViT(1,28,4,d=48,L=3); v=fit(m,d,4,3e-3,flip=True,opt='adam',wd=.05,name=name); sz=export(m,name,I(2,1,28,28),14); done(name,m,'top1',v,sz,14,'fashion')
    elif name=='kjv_chargru': m=CharGRU(73,32,192); v=lmfit(m,'kjv_chars',1000,6e-3,tag=name); sz=export(m,name,torch.zeros(2,128,dtype=torch.long),14); done(name,m,'perplexity',v,sz,14,'kjv_chars')
    else: raise SystemExit('unknown '+name)
def hash_(s):
    import zlib; return zlib.crc32(s.encode())
for n in sys.argv[1:]:
    t=time.time(); T(n); print(n,'took %.0fs'%(time.time()-t),flush=True)
